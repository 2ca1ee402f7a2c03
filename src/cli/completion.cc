#include <string>
#include <vector>

#include "cli/app.h"

namespace turnpike::cli {
namespace {

struct OptionText {
  std::string long_name;   // "--config"; may be empty
  std::string short_name;  // "-c"; may be empty
  std::string help;
  std::string value;  // type of its value, "" for a flag
};

std::vector<OptionText> options_of(const CLI::App& app) {
  std::vector<OptionText> out;
  for (const CLI::Option* option : app.get_options()) {
    if (!option->nonpositional()) continue;
    OptionText text;
    if (!option->get_lnames().empty()) text.long_name = "--" + option->get_lnames().front();
    if (!option->get_snames().empty()) text.short_name = "-" + option->get_snames().front();
    text.help = option->get_description();
    if (option->get_type_size_max() > 0) text.value = option->get_type_name();
    out.push_back(std::move(text));
  }
  return out;
}

// The words an option's value may be; empty: anything, perhaps a file.
std::string words_for(const OptionText& option) {
  if (option.long_name == "--output") return "text json";
  if (option.long_name == "--log-level") return "debug info warning error";
  if (option.long_name == "--admin") return "off 127.0.0.1:9901";
  if (option.long_name == "--access-log") return "stdout off";
  return "";
}

bool takes_file(const OptionText& option) {
  return option.value.starts_with("PATH") || option.value.starts_with("FILE");
}

bool commands_take_files(const std::string& command) {
  return command == "run" || command == "check" || command == "explain";
}

std::string shell_list() {
  std::string out;
  for (const char* shell : kShells) out.append(out.empty() ? "" : " ").append(shell);
  return out;
}

// For single quotes of a shell, and without what zsh reads as syntax.
std::string quoted(std::string_view text, std::string_view without) {
  std::string out;
  for (const char c : text) {
    if (without.find(c) != std::string_view::npos) continue;
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return out;
}

std::vector<const CLI::App*> commands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::string bash(const CLI::App& app) {
  std::string names;
  std::string cases;
  std::string values;
  for (const CLI::App* sub : commands(app)) {
    names += (names.empty() ? "" : " ") + sub->get_name();
    std::string options;
    for (const OptionText& option : options_of(*sub)) {
      for (const std::string& name : {option.long_name, option.short_name}) {
        if (!name.empty()) options += (options.empty() ? "" : " ") + name;
      }
    }
    cases += "    " + sub->get_name() + ") options='" + options + "' ;;\n";
    for (const OptionText& option : options_of(*sub)) {
      const std::string line = "    " + option.long_name + ") words='" + words_for(option) + "' ;;\n";
      if (!words_for(option).empty() && values.find(line) == std::string::npos) values += line;
    }
  }
  return "# bash completion for turnpike; made by 'turnpike completion bash'\n"
         "_turnpike() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} options='' "
         "words=''\n"
         "  COMPREPLY=()\n"
         "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
         "    mapfile -t COMPREPLY < <(compgen -W '" +
         names +
         " --help --version' -- \"$current\")\n"
         "    return\n"
         "  fi\n"
         "  case ${COMP_WORDS[1]} in\n" +
         cases +
         "  esac\n"
         "  case $previous in\n" +
         values +
         "    -o) words='text json' ;;\n"
         "    completion) words='" +
         shell_list() +
         "' ;;\n"
         "  esac\n"
         "  if [ -n \"$words\" ]; then\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
         "  elif [[ $current == -* ]]; then\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$current\")\n"
         "  else\n"
         "    mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
         "  fi\n"
         "}\n"
         "complete -o filenames -o bashdefault -F _turnpike turnpike\n";
}

std::string zsh_option(const OptionText& option) {
  std::string value;
  if (!option.value.empty()) {
    const std::string words = words_for(option);
    value = ":" + quoted(option.value, "':[]") + ":";
    if (!words.empty()) {
      value += "(" + words + ")";
    } else if (takes_file(option)) {
      value += "_files";
    }
  }
  std::string out;
  for (const std::string& name : {option.long_name, option.short_name}) {
    if (name.empty()) continue;
    out.append(" \\\n        '*").append(name).append("[").append(quoted(option.help, "[]:")).append("]");
    out.append(value).append("'");
  }
  return out;
}

std::string zsh(const CLI::App& app) {
  std::string names;
  std::string cases;
  for (const CLI::App* sub : commands(app)) {
    names += "    '" + sub->get_name() + ":" + quoted(sub->get_description(), ":") + "'\n";
    cases += "    " + sub->get_name() + ")\n      _arguments";
    for (const OptionText& option : options_of(*sub)) cases += zsh_option(option);
    if (commands_take_files(sub->get_name())) cases += " \\\n        '*:file:_files'";
    if (sub->get_name() == "completion") cases += " \\\n        '1:shell:(" + shell_list() + ")'";
    cases += "\n      ;;\n";
  }
  return "#compdef turnpike\n"
         "# zsh completion for turnpike; made by 'turnpike completion zsh'\n"
         "_turnpike() {\n"
         "  local -a commands\n"
         "  commands=(\n" +
         names +
         "  )\n"
         "  if (( CURRENT == 2 )); then\n"
         "    _describe 'command' commands\n"
         "    return\n"
         "  fi\n"
         "  local command=$words[2]\n"
         "  shift words\n"
         "  (( CURRENT-- ))\n"
         "  case $command in\n" +
         cases +
         "  esac\n"
         "}\n"
         "_turnpike \"$@\"\n";
}

std::string fish(const CLI::App& app) {
  std::string out =
      "# fish completion for turnpike; made by 'turnpike completion fish'\ncomplete -c turnpike -f\n";
  for (const CLI::App* sub : commands(app)) {
    const std::string name = sub->get_name();
    out += "complete -c turnpike -n __fish_use_subcommand -a " + name + " -d '" +
           quoted(sub->get_description(), "'") + "'\n";
    const std::string when = "complete -c turnpike -n '__fish_seen_subcommand_from " + name + "'";
    if (commands_take_files(name)) out += when + " -F\n";
    if (name == "completion") out += when + " -a '" + shell_list() + "'\n";
    for (const OptionText& option : options_of(*sub)) {
      out += when;
      if (!option.long_name.empty()) out += " -l " + option.long_name.substr(2);
      if (!option.short_name.empty()) out += " -s " + option.short_name.substr(1);
      if (!option.value.empty()) out += takes_file(option) ? " -r -F" : " -x";
      if (!words_for(option).empty()) out += " -a '" + words_for(option) + "'";
      out += " -d '" + quoted(option.help, "'") + "'\n";
    }
  }
  return out;
}

}  // namespace

std::string completion_script(const std::string& shell) {
  Arguments arguments;
  Raw raw;
  const auto app = make_app(arguments, raw);
  if (shell == "bash") return bash(*app);
  if (shell == "zsh") return zsh(*app);
  return fish(*app);
}

}  // namespace turnpike::cli
