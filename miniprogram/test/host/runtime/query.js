// wx.createSelectorQuery: sizes, places and canvases.

export function queryFor(component, pages) {
  const jobs = []
  let scope = component
  const select = (selector, single) => {
    const found = () => {
      const root = (scope?._$ ? scope : pages.current.caller)._$.getShadowRoot()
      return single ? [root.querySelector(selector)].filter(Boolean) : root.querySelectorAll(selector)
    }
    const ask = (wanted, callback) => {
      jobs.push(() => {
        const all = found().map((n) => measured(n, wanted))
        const result = single ? (all[0] ?? null) : all
        callback?.(result)
        return result
      })
      return query
    }
    return {
      fields: ask,
      boundingClientRect: (callback) => ask({ rect: true, size: true }, callback),
      node: (callback) => ask({ node: true }, callback),
    }
  }
  const query = {
    in: (c) => {
      scope = c
      return query
    },
    select: (selector) => select(selector, true),
    selectAll: (selector) => select(selector, false),
    exec: (callback) => {
      setTimeout(() => {
        const results = jobs.map((job) => job())
        callback?.(results)
      }, 16)
      return query
    },
  }
  return query
}

function measured(node, wanted) {
  const element = node.getBackendElement()
  const { left, top, right, bottom, width, height } = element.getBoundingClientRect()
  return {
    ...(wanted.rect && { left, top, right, bottom }),
    ...((wanted.size || wanted.rect) && { width, height }),
    ...(wanted.node && { node: element }),
  }
}
