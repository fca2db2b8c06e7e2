// Starts the packed mini-program and hands a test the strings to pull it by.

import * as glassEasel from 'glass-easel'
import { MiniProgramEnv } from 'glass-easel-miniprogram-adapter'
import { builtins } from './builtins.js'
import { Modules } from './modules.js'
import { Pages } from './pages.js'
import { wxFor } from './wx.js'

const { program } = window

/** What a test sees and sets. */
const host = (window.host = Object.assign(window.host ?? {}, {
  sockets: [], // every socket there was: { url, protocols, state, sent, received, cut(), mute() }
  errors: [], // what would be an error in WeChat's console
  toasts: [],
  questions: [], // texts of dialogs
  answer: true, // what a person answers to them
  scan: '', // what the camera reads; '' for a person who turns back
  storage: { ...(window.host?.storage ?? {}) },
}))

glassEasel.globalOptions.writeIdToDOM = true
glassEasel.addGlobalErrorListener((e) => {
  host.errors.push(String(e?.stack ?? e))
  return false
})

const env = new MiniProgramEnv()
const space = env.createCodeSpace('', true)
builtins(env.getGlobalCodeSpace(), space, program.emptyTemplate)
for (const [path, config] of Object.entries(program.components)) {
  const usingComponents = { ...(program.app.usingComponents ?? {}), ...(config.usingComponents ?? {}) }
  space.addComponentStaticConfig(path, { ...config, usingComponents, styleIsolation: 'shared' })
  space.addCompiledTemplate(path, program.templates[path])
}

const backend = new glassEasel.CurrentWindowBackendContext()
backend.onEvent((target, type, detail, options) => {
  glassEasel.Event.dispatchEvent(target, new glassEasel.Event(type, detail, options))
})

const listeners = { network: [], show: [], hide: [], theme: [] }
const pages = new Pages(env.associateBackend(backend), space, program, host)
const wx = wxFor({ program, pages, host, listeners })
const modules = new Modules(program, space, wx, pages)

const launch = { path: program.app.pages[0], scene: 1001, query: {} }

host.hide = () => {
  pages.current?.caller.onHide?.()
  modules.app?.onHide?.()
  listeners.hide.forEach((f) => f({}))
}
host.show = () => {
  modules.app?.onShow?.(launch)
  listeners.show.forEach((f) => f(launch))
  pages.current?.caller.onShow?.()
}
host.network = (isConnected) => listeners.network.forEach((f) => f({ isConnected, networkType: isConnected ? 'wifi' : 'none' }))
host.back = () => wx.navigateBack({})
host.tab = (index) => wx.switchTab({ url: `/${program.app.tabBar.list[index].pagePath}` })

modules.load('app.js')
modules.app?.onLaunch?.(launch)
modules.app?.onShow?.(launch)
for (const path of Object.keys(program.components)) modules.load(`${path}.js`)
pages.open(program.app.pages[0])
