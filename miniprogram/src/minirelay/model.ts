// The gateway's retained messages. Parts that are not valid are left out, never guessed.

/** A text, or one per language ("zh", "en"). */
export type Name = string | Record<string, string>

export type FieldType = 'number' | 'bool' | 'enum' | 'text'
export type Value = number | boolean | string

export interface Option {
  value: string
  name?: Name
}

export interface Field {
  id: string
  name?: Name
  type: FieldType
  unit?: string
  decimals?: number
  min?: number
  max?: number
  options?: Option[]
}

export interface Command {
  id: string
  name?: Name
  type: FieldType | 'none'
  /** The field that shows the effect. */
  field?: string
  min?: number
  max?: number
  step?: number
  unit?: string
  options?: Option[]
  /** Bytes of UTF-8. */
  max_length?: number
  /** The question that a person must answer first. */
  ask?: Name
}

export interface Model {
  device: string
  name?: Name
  fields: Field[]
  commands: Command[]
}

export interface GatewayInfo {
  gateway: string
  name?: Name
  version?: string
  /** Unix ms of its start, by its own clock. */
  started?: number
}

/** One `state` message: when the readings were taken, by the gateway's clock, and the value of each field. */
export interface State {
  ts: number
  values: Record<string, unknown>
}

type Json = Record<string, unknown>

/** An object out of JSON, or null. */
export function parseObject(text: string): Json | null {
  try {
    const v: unknown = JSON.parse(text)
    return isObject(v) ? v : null
  } catch {
    return null
  }
}

export function parseInfo(text: string): GatewayInfo | null {
  const j = parseObject(text)
  if (!j || typeof j.gateway !== 'string') return null
  return { gateway: j.gateway, name: name(j.name), version: str(j.version), started: num(j.started) }
}

export function parseModel(text: string): Model | null {
  const j = parseObject(text)
  if (!j || typeof j.device !== 'string') return null
  return { device: j.device, name: name(j.name), fields: list(j.fields, field), commands: list(j.commands, command) }
}

export function parseState(text: string): State | null {
  const j = parseObject(text)
  if (!j || typeof j.ts !== 'number') return null
  return { ts: j.ts, values: j }
}

/** Whether v is a value of type. */
export function isValue(v: unknown, type: FieldType): v is Value {
  switch (type) {
    case 'number':
      return typeof v === 'number' && Number.isFinite(v)
    case 'bool':
      return typeof v === 'boolean'
  }
  return typeof v === 'string'
}

function field(j: Json): Field | null {
  if (typeof j.id !== 'string' || !isFieldType(j.type)) return null
  return {
    id: j.id,
    name: name(j.name),
    type: j.type,
    unit: str(j.unit),
    decimals: num(j.decimals),
    min: num(j.min),
    max: num(j.max),
    options: options(j.options),
  }
}

function command(j: Json): Command | null {
  if (typeof j.id !== 'string' || !(isFieldType(j.type) || j.type === 'none')) return null
  return {
    id: j.id,
    name: name(j.name),
    type: j.type,
    field: str(j.field),
    min: num(j.min),
    max: num(j.max),
    step: num(j.step),
    unit: str(j.unit),
    options: options(j.options),
    max_length: num(j.max_length),
    ask: name(j.ask),
  }
}

function options(v: unknown): Option[] | undefined {
  if (!Array.isArray(v)) return undefined
  return list(v, (j) => (typeof j.value === 'string' ? { value: j.value, name: name(j.name) } : null))
}

function name(v: unknown): Name | undefined {
  if (typeof v === 'string') return v
  if (!isObject(v)) return undefined
  const out: Record<string, string> = {}
  for (const lang of Object.keys(v)) {
    const text = v[lang]
    if (typeof text === 'string') out[lang] = text
  }
  return out
}

function list<T>(v: unknown, item: (j: Json) => T | null): T[] {
  const out: T[] = []
  for (const j of Array.isArray(v) ? v : []) {
    const parsed = isObject(j) ? item(j) : null
    if (parsed !== null) out.push(parsed)
  }
  return out
}

const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v)
const isFieldType = (v: unknown): v is FieldType => v === 'number' || v === 'bool' || v === 'enum' || v === 'text'
const str = (v: unknown) => (typeof v === 'string' ? v : undefined)
const num = (v: unknown) => (typeof v === 'number' && Number.isFinite(v) ? v : undefined)
