import { lengthUTF8 } from './utf8'
import { longestString } from './packet'

/** Whether a message may be published to topic (MQTT 3.1.1, section 4.7). */
export function validTopic(topic: string): boolean {
  return validFilter(topic) && !/[+#]/.test(topic)
}

/** Whether filter is well-formed: + and # fill a whole level, # the last one. */
export function validFilter(filter: string): boolean {
  if (filter === '' || filter.includes('\0') || lengthUTF8(filter) > longestString) return false
  const levels = filter.split('/')
  return levels.every((l, i) => !/[+#]/.test(l) || l === '+' || (l === '#' && i === levels.length - 1))
}

/** Whether filter asks for topic. */
export function matches(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false
  const f = filter.split('/')
  const t = topic.split('/')
  for (let i = 0; i < f.length; i++) {
    if (f[i] === '#') return true
    if (i >= t.length || (f[i] !== '+' && f[i] !== t[i])) return false
  }
  return f.length === t.length
}
