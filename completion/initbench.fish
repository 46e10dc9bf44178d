# SPDX-License-Identifier: GPL-2.0-only
# Completion of initbench for fish: initbench completion fish | source in ~/.config/fish/config.fish.
function __initbench
	set -l before (commandline -opc)
	set -l current (commandline -ct)
	set -l found (initbench completion --at (math (count $before) - 1) -- $before[2..-1] $current 2>/dev/null)
	if test (count $found) -gt 0
		printf '%s\n' $found
	else
		__fish_complete_path $current
	end
end
complete -c initbench -f -a '(__initbench)'
