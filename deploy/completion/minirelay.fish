# Completion of minirelay for fish. The program itself lists its commands.
complete -c minirelay -f -n __fish_use_subcommand -a "(minirelay help 2>/dev/null | string match -rg '^  minirelay ([a-z]+)')"
complete -c minirelay -f -n '__fish_seen_subcommand_from profiles' -a "(minirelay profiles 2>/dev/null | string match -rg '^  ([^ ]+)')"
complete -c minirelay -f -n '__fish_seen_subcommand_from sample' -a "(minirelay sample -l 2>/dev/null | string split -f1 ' ')"
complete -c minirelay -n 'not __fish_use_subcommand' -F
