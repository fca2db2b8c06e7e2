// Which gateway is behind an address, where its name is not known, or only a part of it.

import { parseInfo, type GatewayInfo } from './model'

const usualRoot = 'minirelay'

/** What topics may begin with: one level or several. */
export const validRoot = /^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/

/**
 * The filters to look with, step by step: a later step is only for when the ones before have found nothing. A root
 * that is not known is first taken for the usual one, then for any of up to three levels.
 */
export function searches(root: string | null, id: string | null): string[][] {
  const end = `${id ?? '+'}/info`
  return root !== null ? [[`${root}/${end}`]] : [[`${usualRoot}/${end}`], [`+/${end}`, `+/+/${end}`, `+/+/+/${end}`]]
}

/** The gateway whose info a message is, and where its topics begin. null: the message is something else. */
export function foundBy(topic: string, text: string): { root: string; id: string; info: GatewayInfo } | null {
  const m = /^(.+)\/([^/]+)\/info$/.exec(topic)
  const info = m && parseInfo(text)
  // People have topics of their own that end in info, too.
  return info && info.gateway === m[2] ? { root: m[1], id: m[2], info } : null
}
