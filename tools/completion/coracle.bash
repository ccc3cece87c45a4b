# SPDX-License-Identifier: Apache-2.0
# bash completion of coracle(1).  Options are taken from the command's own help, so that the two agree.

_coracle_options() {
	coracle help "$1" 2>/dev/null | grep -oE -- '(^|[ ,])--?[a-z][a-z-]*' | tr -d ' ,'
}

# Does this option take a value?  Those are followed by a word in capitals or alternatives.
_coracle_takes_value() {
	coracle help "$1" 2>/dev/null | grep -qE -- "(^|[ ,])$2(, --[a-z-]+)? [A-Za-z]*[A-Z|=]"
}

_coracle_value() {
	case $1 in
	--machine) COMPREPLY=($(compgen -W 'microvm q35 auto' -- "$cur")) ;;
	--accel) COMPREPLY=($(compgen -W 'kvm tcg auto' -- "$cur")) ;;
	--net) COMPREPLY=($(compgen -W 'user none tap=' -- "$cur")) ;;
	--trace) COMPREPLY=($(compgen -W 'boot syscalls futex faults all' -- "$cur")) ;;
	--volume) COMPREPLY=($(compgen -S : -W "$(coracle volume list 2>/dev/null | cut -d' ' -f1)" -- "$cur")) ;;
	--keep) COMPREPLY=($(compgen -W "$(coracle disk list 2>/dev/null | cut -d' ' -f1)" -- "$cur")) ;;
	-e | --env) COMPREPLY=($(compgen -v -- "$cur")) ;;
	-m | -c | -p | -s | --memory | --cpus | --publish | --size | --ip | --append) ;;
	*) COMPREPLY=($(compgen -f -- "$cur")) ;;
	esac
}

# The index of the program among the words, or nothing while options are still being typed.
_coracle_program_at() {
	local i=2 w

	while ((i < COMP_CWORD)); do
		w=${COMP_WORDS[i]}
		case $w in
		--) echo $((i + 1)) && return ;;
		-*=*) ;;
		-*) _coracle_takes_value "$1" "$w" && ((i++)) ;;
		*) echo "$i" && return ;;
		esac
		((i++))
	done
}

_coracle() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} cmd=${COMP_WORDS[1]} at

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		COMPREPLY=($(compgen -W 'run build volume disk kernel-path help --help --version' -- "$cur"))
		return
	fi
	case $cmd in
	run | build)
		at=$(_coracle_program_at "$cmd")
		if [[ -n $at ]]; then
			COMPREPLY=($(compgen -f -- "$cur"))
		elif [[ $prev == -* ]] && _coracle_takes_value "$cmd" "$prev"; then
			_coracle_value "$prev"
		elif [[ $cur == -* ]]; then
			COMPREPLY=($(compgen -W "$(_coracle_options "$cmd")" -- "$cur"))
		else
			COMPREPLY=($(compgen -c -- "$cur") $(compgen -f -- "$cur"))
		fi
		;;
	volume)
		((COMP_CWORD == 2)) && COMPREPLY=($(compgen -W 'create list rm' -- "$cur"))
		[[ $prev == rm ]] && COMPREPLY=($(compgen -W "$(coracle volume list 2>/dev/null | cut -d' ' -f1)" -- "$cur"))
		;;
	disk)
		((COMP_CWORD == 2)) && COMPREPLY=($(compgen -W 'list rm' -- "$cur"))
		[[ $prev == rm ]] && COMPREPLY=($(compgen -W "$(coracle disk list 2>/dev/null | cut -d' ' -f1)" -- "$cur"))
		;;
	help) COMPREPLY=($(compgen -W 'run build volume disk kernel-path' -- "$cur")) ;;
	esac
}

complete -o filenames -F _coracle coracle
