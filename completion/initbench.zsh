# SPDX-License-Identifier: GPL-2.0-only
# Completion of initbench for zsh: eval "$(initbench completion zsh)" in ~/.zshrc, behind compinit.
_initbench() {
	local -a found
	found=("${(@f)$(initbench completion --at $((CURRENT - 2)) -- "${(@)words[2,-1]}" 2>/dev/null)}")
	if [[ -n ${found[1]} ]]; then
		compadd -a found
	else
		_files
	fi
}
compdef _initbench initbench
