// The differences between the page and the mini-programs that do not concern the MQTT library.

interface Base {
  language?: string
  fontSizeScaleFactor?: number
  fontSizeSetting?: number
}

function base(): Base {
  try {
    return (uni.getAppBaseInfo ? uni.getAppBaseInfo() : uni.getSystemInfoSync()) as Base
  } catch {
    return {} // an old base library
  }
}

/** The system's language as the platform writes it: zh_CN, zh-Hans, en. */
export function systemLanguage(): string {
  // #ifdef H5
  return navigator.language
  // #endif
  // #ifndef H5
  return base().language ?? 'zh_CN'
  // #endif
}

/** How much larger than usual the system asks for text: 1 is usual. */
export function systemTextScale(): number {
  // #ifdef H5
  const probe = document.createElement('div')
  probe.style.font = 'medium serif' // the browser's setting; uni-h5 overrides that of the root element
  document.body.appendChild(probe)
  const size = parseFloat(getComputedStyle(probe).fontSize)
  probe.remove()
  return size > 0 ? size / 16 : 1
  // #endif
  // #ifndef H5
  const { fontSizeScaleFactor, fontSizeSetting = 16 } = base()
  return fontSizeScaleFactor ?? fontSizeSetting / 16
  // #endif
}

export function read<T>(key: string, otherwise: T): T {
  try {
    const text = uni.getStorageSync(key)
    return text ? (JSON.parse(text) as T) : otherwise
  } catch {
    return otherwise // broken, or a browser without storage
  }
}

export function write(key: string, value: unknown): void {
  try {
    uni.setStorageSync(key, JSON.stringify(value))
  } catch {
    // full or forbidden: it holds until this is closed
  }
}
