/** Handlers by event. One that throws keeps neither the others nor the connection from their work. */
export class Emitter<Events extends Record<string, unknown[]>> {
  private readonly handlers: { [E in keyof Events]?: ((...args: Events[E]) => void)[] } = {}

  /** Calls handler at each event from now on. Gives back a function that ends it. */
  on<E extends keyof Events>(event: E, handler: (...args: Events[E]) => void): () => void {
    this.handlers[event] = [...(this.handlers[event] ?? []), handler]
    return () => {
      this.handlers[event] = (this.handlers[event] ?? []).filter((h) => h !== handler)
    }
  }

  protected emit<E extends keyof Events>(event: E, ...args: Events[E]): void {
    for (const handler of this.handlers[event] ?? []) {
      try {
        handler(...args)
      } catch (e) {
        setTimeout(() => {
          throw e
        }, 0) // where the platform reports what goes wrong
      }
    }
  }
}
