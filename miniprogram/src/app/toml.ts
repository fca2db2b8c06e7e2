/** A piece of a line of TOML, by its colour. */
export interface Piece {
  kind: 'table' | 'key' | 'value' | 'comment'
  text: string
}

/** Cuts one line of TOML for colouring. It does not have to understand values of several lines. */
export function paint(line: string): Piece[] {
  const at = commentAt(line)
  const code = line.slice(0, at)
  const out: Piece[] = []
  const key = /^\s*(?:[A-Za-z0-9_.-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"))*\s*=/.exec(code)
  if (/^\s*\[/.test(code)) out.push({ kind: 'table', text: code })
  else if (key) out.push({ kind: 'key', text: key[0].slice(0, -1) }, { kind: 'value', text: code.slice(key[0].length - 1) })
  else if (code) out.push({ kind: 'value', text: code })
  if (at < line.length) out.push({ kind: 'comment', text: line.slice(at) })
  return out
}

/** Where a comment begins: at the first # outside quotes; the length of the line if there is none. */
function commentAt(line: string): number {
  let quote = ''
  for (let i = 0; i < line.length; i++) {
    const c = line[i]
    if (quote) {
      if (c === '\\' && quote === '"') i++
      else if (c === quote) quote = ''
    } else if (c === '"' || c === "'") quote = c
    else if (c === '#') return i
  }
  return line.length
}
