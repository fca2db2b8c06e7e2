// Programs that a test runs and stops again.

import { spawn, type ChildProcess } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'

export interface Program {
  child: ChildProcess
  /** Everything it has said so far. */
  output(): string
  stop(signal?: NodeJS.Signals): Promise<void>
}

/** Starts a program, in the directory cwd if one is given, and waits until it says what it says when it is ready. */
export function start(command: string, args: string[], ready: RegExp, env: NodeJS.ProcessEnv = {}, cwd?: string): Promise<Program> {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return new Promise((resolve, reject) => {
    const program: Program = {
      child,
      output: () => said,
      stop: (signal = 'SIGTERM') => {
        child.kill(signal)
        return ended
      },
    }
    const hear = (chunk: Buffer) => {
      said += chunk.toString()
      if (ready.test(said)) resolve(program)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('error', reject)
    void ended.then(() => reject(new Error(`${command} ended:\n${said}`)))
  })
}

/** A port that is free at this moment, for programs that cannot choose one themselves. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

/** Waits until the condition holds. There is no deadline but the test's own. */
export async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 5))
}
