/** Reports changes of each device at once, but at most every so many milliseconds; the last change is always reported. */
export class Throttle {
  private readonly reported = new Map<string, number>()
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>()

  constructor(
    private readonly report: (id: string) => void,
    private readonly every = 50,
  ) {}

  one(id: string): void {
    if (this.timers.has(id)) return
    const wait = (this.reported.get(id) ?? 0) + this.every - Date.now()
    if (wait > 0 && wait <= this.every) {
      this.timers.set(
        id,
        setTimeout(() => this.now(id), wait),
      )
    } else this.now(id)
  }

  all(ids: string[]): void {
    for (const id of ids) this.one(id)
  }

  stop(): void {
    for (const t of this.timers.values()) clearTimeout(t)
    this.timers.clear()
  }

  private now(id: string): void {
    clearTimeout(this.timers.get(id))
    this.timers.delete(id)
    this.reported.set(id, Date.now())
    this.report(id)
  }
}
