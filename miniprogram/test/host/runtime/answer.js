// WeChat answers later, never within the call.

export function succeed(o, result = {}) {
  setTimeout(() => {
    o?.success?.(result)
    o?.complete?.(result)
  }, 0)
}

export function fail(o, errMsg) {
  setTimeout(() => {
    o?.fail?.({ errMsg })
    o?.complete?.({ errMsg })
  }, 0)
}
