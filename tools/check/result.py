"""What a checker hands back."""

from dataclasses import dataclass, field


@dataclass
class Result:
    """`findings` fail the check, one "file:line: what is wrong and what to do" each; `notes` are only printed."""

    findings: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    skipped: str = ""  # why it could not run

    @property
    def ok(self):
        return not self.findings
