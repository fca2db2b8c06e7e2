// Base64 (RFC 4648, section 4), which Alipay uses for bytes. Mini-programs have neither btoa nor atob.

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

export function encodeBase64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const n = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    text += digits[n >> 18] + digits[(n >> 12) & 63]
    text += i + 1 < bytes.length ? digits[(n >> 6) & 63] : '='
    text += i + 2 < bytes.length ? digits[n & 63] : '='
  }
  return text
}

/** The bytes of text, or null if it is not base64. */
export function decodeBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null
  const pad = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const out = new Uint8Array((text.length / 4) * 3 - pad)
  for (let i = 0, at = 0; i < text.length; i += 4) {
    let n = 0
    for (let j = 0; j < 4; j++) n = (n << 6) | Math.max(0, digits.indexOf(text[i + j]))
    for (let shift = 16; shift >= 0 && at < out.length; shift -= 8) out[at++] = (n >> shift) & 255
  }
  return out
}
