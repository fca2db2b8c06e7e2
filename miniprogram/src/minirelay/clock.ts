// The gateway's clock, as far as this phone can know it. A phone's own clock may be wrong by hours.

/** Milliseconds that only go forward where the platform has such a clock. */
export function monotonic(): number {
  return typeof performance === 'object' && typeof performance.now === 'function' ? performance.now() : Date.now()
}

/** A sample older than this is taken again, in ms: a phone's crystal is off by some ms in ten minutes. */
const fresh = 600_000

export class GatewayClock {
  private sample: { gateway: number; here: number; error: number } | null = null

  /** Takes the gateway's time, which it told at some moment between asked and now (both monotonic). */
  set(gateway: number, asked: number): void {
    const error = (monotonic() - asked) / 2
    this.sample = { gateway, here: asked + error, error }
  }

  forget(): void {
    this.sample = null
  }

  get known(): boolean {
    return this.sample !== null
  }

  get old(): boolean {
    return this.sample === null || monotonic() - this.sample.here > fresh
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
