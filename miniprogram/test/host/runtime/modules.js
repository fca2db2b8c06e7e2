// require, App, Page, Component and Behavior, as a compiled module meets them.

import * as glassEasel from 'glass-easel'
import { queryFor } from './query.js'

export class Modules {
  app = null // what App() was given
  #loaded = {}
  #registering = '' // the file whose Component() or Page() call comes next
  #global = {}

  constructor(program, space, wx, pages) {
    Object.assign(this, { program, space, wx, pages })
  }

  /** Loads a module by its path from the root. */
  load(path) {
    if (this.#loaded[path]) return this.#loaded[path].exports
    const code = this.program.modules[path]
    if (!code) throw new Error(`there is no module ${path}`)
    const module = (this.#loaded[path] = { exports: {} })
    const before = this.#registering
    this.#registering = path.replace(/\.js$/, '')
    const register = (kind) => (definition) => this.#register(kind, definition)
    try {
      code(
        (name) => this.load(resolve(path, name)),
        module,
        module.exports,
        this.wx,
        (app) => {
          this.app = app
        },
        () => this.app,
        () => this.pages.stack.map((p) => p.caller),
        register('Page'),
        register('Component'),
        register('Behavior'),
        this.#global,
      )
    } finally {
      this.#registering = before
    }
    return module.exports
  }

  #register(kind, definition) {
    if (kind !== 'Behavior') {
      const lifetimes = (definition.lifetimes = { ...(definition.lifetimes ?? {}) })
      const { pages } = this
      const created = lifetimes.created ?? definition.created
      lifetimes.created = function () {
        handlersOnInstance(this)
        this.createSelectorQuery ??= () => queryFor(this, pages)
        return created?.call(this)
      }
      const attached = lifetimes.attached ?? definition.attached
      lifetimes.attached = function () {
        const result = attached?.call(this)
        setTimeout(() => this._$.triggerLifetime('ready', []), 0)
        return result
      }
    }
    return this.space.componentEnv(this.#registering, (env) => env[kind](definition))
  }
}

/** The path that name means in the module from. */
function resolve(from, name) {
  const parts = name.startsWith('/') ? [] : from.split('/').slice(0, -1)
  for (const part of name.split('/')) {
    if (part === '..') parts.pop()
    else if (part && part !== '.') parts.push(part)
  }
  const path = parts.join('/')
  return path.endsWith('.js') ? path : `${path}.js`
}

/**
 * WeChat looks for the handler of an event on the instance, where uni-app puts it while it renders; glass-easel looks
 * into the definition alone. And WeChat hands over plain objects.
 */
function handlersOnInstance(self) {
  const component = self._$
  const defined = component._$methodMap
  const wrapped = new Map()
  component._$methodMap = new Proxy(defined, {
    get(methods, name) {
      const f = name in methods ? methods[name] : typeof self[name] === 'function' ? self[name] : undefined
      if (typeof f !== 'function') return f
      if (wrapped.get(name)?.f !== f) {
        wrapped.set(name, {
          f,
          call(event, ...rest) {
            return f.call(this, plain(event), ...rest)
          },
        })
      }
      return wrapped.get(name).call
    },
  })
}

function plain(event) {
  if (!(event instanceof glassEasel.Event)) return event
  const detail = event.detail ?? {}
  const touches = detail.touches ?? []
  return {
    type: event.type,
    timeStamp: event.timeStamp,
    detail,
    mark: event.mark,
    touches,
    changedTouches: touches,
    target: node(event.target),
    currentTarget: node(event.currentTarget),
  }
}

function node(target) {
  const n = target?._$ ?? target
  return n && { id: n.id || '', dataset: n.dataset || {}, offsetLeft: 0, offsetTop: 0 }
}
