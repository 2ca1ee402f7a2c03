# bash completion for turnpike; made by 'turnpike completion bash'
_turnpike() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} options='' words=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W 'run proxy check explain upgrade reference version completion --help --version' -- "$current")
    return
  fi
  case ${COMP_WORDS[1]} in
    run) options='--help -h --config -c --bind --workers -w --admin --access-log --log-level --log-json --drain-delay --drain-timeout --upgrade-timeout --memory-limit --max-connections --ports-file --ephemeral-ports --share-ports' ;;
    proxy) options='--help -h --listen --to --workers -w --admin --access-log --log-level --log-json --drain-delay --drain-timeout --upgrade-timeout --memory-limit --max-connections --ports-file --ephemeral-ports --share-ports' ;;
    check) options='--help -h --strict --output -o' ;;
    explain) options='--help -h --header -H --output -o' ;;
    upgrade) options='--help -h --admin --timeout' ;;
    reference) options='--help -h' ;;
    version) options='--help -h --output -o' ;;
    completion) options='--help -h' ;;
  esac
  case $previous in
    --admin) words='off 127.0.0.1:9901' ;;
    --access-log) words='stdout off' ;;
    --log-level) words='debug info warning error' ;;
    --output) words='text json' ;;
    -o) words='text json' ;;
    completion) words='bash zsh fish' ;;
  esac
  if [ -n "$words" ]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  elif [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}
complete -o filenames -o bashdefault -F _turnpike turnpike
