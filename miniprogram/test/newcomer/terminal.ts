// A person at a terminal of a Debian in a folder.

import { spawn } from 'node:child_process'
import { until } from '../lib/real/program'

/** A command line as it is typed, at a terminal in the root's home. */
export class Terminal {
  private said = ''
  private read = 0
  private ended = false
  private readonly end: Promise<number | null>
  private readonly type: (line: string) => void

  constructor(
    root: string,
    readonly line: string,
  ) {
    const inside = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=xterm'
    const child = spawn('script', ['-qefc', `chroot '${root}' /usr/bin/env -i ${inside} sh -c 'cd && ${line}'`, '/dev/null'])
    child.stdout.on('data', (chunk: Buffer) => {
      this.said += chunk.toString()
    })
    this.type = (text) => void child.stdin.write(`${text}\n`)
    this.end = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => {
        this.ended = true
        resolve(code)
      })
    })
  }

  /** Waits for a question, and answers it. */
  async answer(question: string, line: string): Promise<void> {
    await until(() => {
      if (this.ended) throw new Error(`${this.line} ended before it asked: ${question}\n${this.said}`)
      return this.said.includes(question, this.read)
    })
    this.read = this.said.length
    this.type(line)
  }

  /** Waits for the end, and gives all that it has said. */
  async done(): Promise<string> {
    const code = await this.end
    if (code !== 0) throw new Error(`${this.line} ended with ${code}\n${this.said}`)
    return this.said
  }
}
