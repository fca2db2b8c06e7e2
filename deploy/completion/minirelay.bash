# Completion of minirelay for bash. The program itself lists its commands.
_minirelay() {
	local cur=${COMP_WORDS[COMP_CWORD]}
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(minirelay help 2>/dev/null | sed -n 's/^  minirelay \([a-z]*\).*/\1/p' | sort -u) help" -- "$cur")
		return
	fi
	case ${COMP_WORDS[1]} in
	profiles) mapfile -t COMPREPLY < <(compgen -W "$(minirelay profiles 2>/dev/null | sed -n 's|^  \([^ ]*\).*|\1|p')" -- "$cur") ;;
	sample) mapfile -t COMPREPLY < <(compgen -W "$(minirelay sample -l 2>/dev/null | cut -d' ' -f1)" -- "$cur") ;;
	*)
		if [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$(minirelay help "${COMP_WORDS[1]}" 2>/dev/null | sed -n 's/^  \(-[a-z-]*\)$/\1/p')" -- "$cur")
		else
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		fi
		;;
	esac
}
complete -o filenames -F _minirelay minirelay
