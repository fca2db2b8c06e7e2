// The geometry of a line over time and its drawing, on any canvas with a 2d context. Lengths are CSS pixels.

import type { Point } from './history'
import { timeOf } from './words'

export interface Colours {
  line: string
  fill: string
  grid: string
  text: string
  mark: string
}

export const colours = (dark: boolean): Colours =>
  dark
    ? { line: '#58c998', fill: 'rgba(88,201,152,0.14)', grid: '#2a342f', text: '#a2b2aa', mark: '#e8eeeb' }
    : { line: '#0a7550', fill: 'rgba(10,117,80,0.10)', grid: '#e3e9e6', text: '#55645c', mark: '#16201b' }

const widest = 10 * 60_000 // ms of the widest view
const narrowest = 60_000 // so that a line that has just begun does not race

/** The part of the world that a chart shows: times in ms, values in the field's unit. */
export interface Frame {
  from: number
  to: number
  low: number
  high: number
  ticks: number[]
  decimals: number
}

/** Frames points, oldest first, up to now. Null if there is no value among them. */
export function frame(points: readonly Point[], now: number): Frame | null {
  const to = Math.max(now, points.length ? points[points.length - 1].ts : 0)
  const seen = points.filter((p) => p.value !== null && p.ts >= to - widest)
  if (!seen.length) return null
  const from = Math.min(to - narrowest, Math.max(to - widest, seen[0].ts))
  let low = Math.min(...seen.map((p) => p.value as number))
  let high = Math.max(...seen.map((p) => p.value as number))
  // A line that hardly moves is drawn flat: noise is not an event.
  const least = Math.max(Math.abs(high) * 0.02, 0.5)
  if (high - low < least) {
    const middle = (high + low) / 2
    low = middle - least / 2
    high = middle + least / 2
  }
  const step = niceStep((high - low) / 3)
  low = Math.floor(low / step) * step
  high = Math.ceil(high / step) * step
  const ticks: number[] = []
  for (let i = 0; low + i * step <= high + step / 2; i++) ticks.push(low + i * step)
  return { from, to, low, high, ticks, decimals: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) }
}

/** The next of 1, 2, 5 × 10ⁿ that is not below about. */
export function niceStep(about: number): number {
  const power = 10 ** Math.floor(Math.log10(about))
  return power * ([1, 2, 5].find((m) => m * power >= about * (1 - 1e-9)) ?? 10)
}

/** The valid point nearest to a time; null if there is none. */
export function nearest(points: readonly Point[], ts: number): Point | null {
  let best: Point | null = null
  for (const p of points) if (p.value !== null && (!best || Math.abs(p.ts - ts) < Math.abs(best.ts - ts))) best = p
  return best
}

export interface Area {
  left: number
  top: number
  right: number
  bottom: number
}

export const area = (width: number, height: number, scale: number): Area => ({
  left: Math.round(44 * scale),
  top: Math.round(10 * scale),
  right: width - 12,
  bottom: height - Math.round(22 * scale),
})

/** The time under x. */
export const timeAt = (x: number, f: Frame, a: Area): number => f.from + ((x - a.left) / (a.right - a.left)) * (f.to - f.from)

export interface Drawing {
  width: number
  height: number
  scale: number
  dark: boolean
  touched: Point | null
}

/** Draws points into ctx, whose unit is a CSS pixel. */
export function draw(ctx: CanvasRenderingContext2D, points: readonly Point[], f: Frame, d: Drawing): void {
  const a = area(d.width, d.height, d.scale)
  const c = colours(d.dark)
  const x = (ts: number) => a.left + ((ts - f.from) / (f.to - f.from)) * (a.right - a.left)
  const y = (v: number) => a.bottom - ((v - f.low) / (f.high - f.low)) * (a.bottom - a.top)
  ctx.clearRect(0, 0, d.width, d.height)
  drawGrid(ctx, f, a, c, y, d)
  ctx.save()
  ctx.beginPath()
  ctx.rect(a.left, 0, a.right - a.left + 6, d.height)
  ctx.clip()
  for (const part of parts(points, f))
    drawPart(
      ctx,
      part.map((p) => [x(p.ts), y(p.value as number)]),
      a,
      c,
    )
  ctx.restore()
  if (d.touched) drawMark(ctx, x(d.touched.ts), y(d.touched.value as number), a, c)
}

function drawGrid(ctx: CanvasRenderingContext2D, f: Frame, a: Area, c: Colours, y: (v: number) => number, d: Drawing): void {
  ctx.font = `${Math.round(11.5 * d.scale)}px sans-serif`
  ctx.fillStyle = c.text
  ctx.strokeStyle = c.grid
  ctx.lineWidth = 1
  ctx.textAlign = 'right'
  ctx.textBaseline = 'middle'
  for (const tick of f.ticks) {
    const at = Math.round(y(tick)) + 0.5
    ctx.beginPath()
    ctx.moveTo(a.left, at)
    ctx.lineTo(a.right, at)
    ctx.stroke()
    ctx.fillText(tick.toFixed(f.decimals), a.left - 8, at)
  }
  ctx.textBaseline = 'alphabetic'
  ctx.textAlign = 'left'
  ctx.fillText(timeOf(f.from, f.from), a.left, d.height - 5)
  ctx.textAlign = 'right'
  ctx.fillText(timeOf(f.to, f.to), a.right, d.height - 5)
}

/** The stretches between gaps, with the point before the view so that the line comes in from the left. */
function parts(points: readonly Point[], f: Frame): Point[][] {
  const out: Point[][] = [[]]
  for (let i = 0; i < points.length; i++) {
    const p = points[i]
    const next = points[i + 1]
    if (p.ts < f.from && (!next || next.ts < f.from)) continue
    if (p.value === null) out.push([])
    else out[out.length - 1].push(p)
  }
  return out.filter((part) => part.length)
}

function drawPart(ctx: CanvasRenderingContext2D, part: number[][], a: Area, c: Colours): void {
  const trace = () => part.forEach(([px, py], i) => (i ? ctx.lineTo(px, py) : ctx.moveTo(px, py)))
  ctx.beginPath()
  trace()
  ctx.lineTo(part[part.length - 1][0], a.bottom)
  ctx.lineTo(part[0][0], a.bottom)
  ctx.closePath()
  ctx.fillStyle = c.fill
  ctx.fill()
  ctx.beginPath()
  trace()
  ctx.strokeStyle = c.line
  ctx.lineWidth = 2
  ctx.lineJoin = 'round'
  ctx.lineCap = 'round'
  ctx.stroke()
  const [px, py] = part[part.length - 1]
  ctx.beginPath()
  ctx.arc(px, py, 3.5, 0, 2 * Math.PI)
  ctx.fillStyle = c.line
  ctx.fill()
}

function drawMark(ctx: CanvasRenderingContext2D, px: number, py: number, a: Area, c: Colours): void {
  ctx.beginPath()
  ctx.moveTo(px, a.top)
  ctx.lineTo(px, a.bottom)
  ctx.strokeStyle = c.mark
  ctx.lineWidth = 1
  ctx.stroke()
  ctx.beginPath()
  ctx.arc(px, py, 5, 0, 2 * Math.PI)
  ctx.fillStyle = c.mark
  ctx.fill()
}
