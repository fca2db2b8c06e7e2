// A terminal with what a program has printed, as a page.

const escape = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;')

/** The page of a terminal in which command was typed. Of the control sequences it knows black on white, and its end. */
export function terminal(command: string, output: string): string {
  const shown = escape(output)
    .replace(/\x1b\[30;47m/g, '<span>')
    .replace(/\x1b\[0m/g, '</span>')
  return `<style>
    body { margin: 0; padding: 16px 20px; background: #16211d; color: #dfe9e4; }
    pre { margin: 0; font: 15px/18px "DejaVu Sans Mono", "Liberation Mono", monospace; }
    span { background: #fff; color: #000; }
  </style><pre>$ ${escape(command)}\n${shown}</pre>`
}
