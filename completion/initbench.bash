# SPDX-License-Identifier: GPL-2.0-only
# Completion of initbench for bash: eval "$(initbench completion bash)" in ~/.bashrc.
_initbench() {
	local IFS=$'\n'
	COMPREPLY=($(initbench completion --at "$((COMP_CWORD - 1))" -- "${COMP_WORDS[@]:1}" 2>/dev/null))
}
complete -o default -F _initbench initbench
