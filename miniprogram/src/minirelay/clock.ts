// The gateway's clock, as far as this phone can know it. A phone's own clock may be wrong by hours.

/** Milliseconds that only go forward where the platform has such a clock. */
export function monotonic(): number {
  return typeof performance === 'object' && typeof performance.now === 'function' ? performance.now() : Date.now()
}

/** A sample older than this is taken again, in ms: a phone's crystal is off by some ms in ten minutes. */
const fresh = 600_000
/** How long soon() waits, in ms. */
const patience = 3000

export class GatewayClock {
  private sample: { gateway: number; here: number; error: number } | null = null
  private asking: Promise<boolean> | null = null
  private connection = 0 // counts them, so that an answer to an old one does not count

  /** ask asks the gateway for { now }, in Unix ms. */
  constructor(private readonly ask: () => Promise<unknown>) {}

  /** Asks for the time. false: there was no answer. */
  sync(): Promise<boolean> {
    const asked = monotonic()
    const connection = this.connection
    const answer = this.ask().then(
      (r) => {
        const now = (r as { now?: unknown } | null | undefined)?.now
        if (typeof now !== 'number' || connection !== this.connection) return false
        const error = (monotonic() - asked) / 2
        this.sample = { gateway: now, here: asked + error, error }
        return true
      },
      () => false,
    )
    this.asking = answer
    void answer.then(() => {
      if (this.asking === answer) this.asking = null
    })
    return answer
  }

  /** Whether the time is known, if need be after a moment of waiting. */
  soon(): Promise<boolean> {
    if (this.sample) {
      if (monotonic() - this.sample.here > fresh) void this.sync()
      return Promise.resolve(true)
    }
    const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(this.known), patience))
    return Promise.race([this.asking ?? this.sync(), late])
  }

  /** The connection is gone: the next one may lead to another gateway. */
  forget(): void {
    this.connection++
    this.sample = null
    this.asking = null
  }

  get known(): boolean {
    return this.sample !== null
  }

  /** Unix ms by the gateway's clock; by this device's as long as that is not known. */
  now(): number {
    return this.sample ? Math.round(this.sample.gateway + monotonic() - this.sample.here) : Date.now()
  }

  /** The earliest that it can be, ms milliseconds from now. */
  in(ms: number): number {
    return Math.floor(this.now() + ms - (this.sample?.error ?? 0))
  }
}
