// Packs a compiled mini-program with the host into a folder that a browser can open.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync, copyFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, posix, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

interface Warning {
  isError?: boolean
  level?: number
  message: string
}
interface TmplGroup {
  addTmpl(path: string, text: string): Warning[] | undefined
  addScript(path: string, text: string): void
  getTmplGenObjectGroups(): string
}
const { TmplGroup } = createRequire(import.meta.url)('glass-easel-template-compiler') as { TmplGroup: new () => TmplGroup }

// The names that WeChat's wrapper hides from a module, and those that old phones' engines do not have.
const hidden = [
  'window',
  'document',
  'frames',
  'self',
  'location',
  'navigator',
  'localStorage',
  'sessionStorage',
  'history',
  'Caches',
  'screen',
  'alert',
  'confirm',
  'prompt',
  'XMLHttpRequest',
  'WebSocket',
  'Reporter',
  'webkit',
  'WeixinJSCore',
  'fetch',
  'URL',
  'URLSearchParams',
  'TextDecoder',
  'TextEncoder',
  'Blob',
  'FileReader',
  'performance',
  'process',
  'Buffer',
  'queueMicrotask',
  'requestAnimationFrame',
  'AbortController',
  'MessageChannel',
  'crypto',
  'Intl',
]
const given = ['require', 'module', 'exports', 'wx', 'App', 'getApp', 'getCurrentPages', 'Page', 'Component', 'Behavior', 'global']

/** Packs the mini-program in from into the folder to. Fails on what the template compiler calls an error. */
export async function pack(from: string, to: string): Promise<void> {
  const files = walk(from)
  const read = (f: string) => readFileSync(join(from, f), 'utf8')
  mkdirSync(to, { recursive: true })
  writeFileSync(join(to, 'app.js'), script(files, read, templates(files, read)))
  writeFileSync(
    join(to, 'app.css'),
    base +
      files
        .filter((f) => f.endsWith('.wxss'))
        .map((f) => style(from, f))
        .join('\n'),
  )
  writeFileSync(join(to, 'index.html'), page)
  for (const f of files.filter((name) => name.endsWith('.png'))) {
    mkdirSync(dirname(join(to, f)), { recursive: true })
    copyFileSync(join(from, f), join(to, f))
  }
  await build({
    entryPoints: [fileURLToPath(new URL('./runtime/index.js', import.meta.url))],
    outfile: join(to, 'host.js'),
    bundle: true,
    format: 'iife',
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"development"' },
  })
}

function walk(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) =>
      relative(dir, join(e.parentPath ?? e.path, e.name))
        .split(sep)
        .join('/'),
    )
    .sort()
}

type Read = (file: string) => string

/** The templates as source code of an object: path → generator. */
function templates(files: string[], read: Read): string {
  const group = new TmplGroup()
  const errors: string[] = []
  for (const f of files) {
    if (f.endsWith('.wxml')) {
      for (const w of group.addTmpl(f.slice(0, -5), read(f)) ?? []) if (w.isError || (w.level ?? 0) >= 3) errors.push(`${f}: ${w.message}`)
    }
    if (f.endsWith('.wxs')) group.addScript(f.slice(0, -4), read(f))
  }
  if (errors.length) throw new Error(`templates:\n${errors.join('\n')}`)
  group.addTmpl('__empty', '<slot/>')
  return group.getTmplGenObjectGroups()
}

function script(files: string[], read: Read, tmpl: string): string {
  const components = Object.fromEntries(
    files
      .filter((f) => f.endsWith('.json') && files.includes(f.replace(/json$/, 'wxml')))
      .map((f) => [f.slice(0, -5), JSON.parse(read(f)) as unknown]),
  )
  const modules = files
    .filter((f) => f.endsWith('.js'))
    .map((f) => `program.modules[${JSON.stringify(f)}]=function(${[...given, ...hidden].join(',')}){\n${read(f)}\n};`)
  const theme = files.includes('theme.json') ? read('theme.json') : '{}'
  return `window.program={app:${read('app.json')},theme:${theme},components:${JSON.stringify(components)},modules:{},templates:{}};
{const group=${tmpl};
for(const path in program.components)program.templates[path]={groupList:group,content:group[path],fallbackListenerOnNativeNode:true};
program.emptyTemplate={groupList:group,content:group.__empty};}
${modules.join('\n')}`
}

/** WXSS as CSS: imports put in, rpx counted, page for the element that stands for a page. */
function style(from: string, file: string): string {
  const text = readFileSync(join(from, file), 'utf8').replace(/@import\s+["']([^"']+)["'];?/g, (_, name: string) => {
    const imported = posix.normalize(posix.join(posix.dirname(file), name))
    return existsSync(join(from, imported)) ? style(from, imported) : ''
  })
  return text.replace(/(-?[\d.]+)rpx/g, (_, n: string) => `calc(${n} * 100vw / 750)`).replace(/(^|[\s,}])page(?=[\s,{])/g, '$1.wx-page')
}

// What WeChat's elements look like before any style.
const base = `
html, body { margin: 0; }
wx-nav { position: sticky; top: 0; z-index: 9; display: flex; align-items: center; justify-content: center; height: 44px; }
wx-nav { font: 600 17px sans-serif; }
wx-nav wx-back { position: absolute; left: 12px; font-size: 24px; }
wx-tabs { position: fixed; z-index: 9; bottom: 0; left: 0; right: 0; display: flex; height: 56px; font: 11px sans-serif; }
wx-tabs { border-top: 0.5px solid rgba(128,128,128,.3); }
wx-tab { flex: 1; display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 3px; }
wx-tab img { width: 26px; height: 26px; }
.wx-page { min-height: calc(100vh - 44px); }
.wx-tabbed { padding-bottom: 56px; }
view, scroll-view, form, slider, wx-page-root { display: block; }
text { display: inline; white-space: pre-wrap; }
canvas { display: block; width: 300px; height: 150px; }
`

const page = `<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><link rel="stylesheet" href="app.css"></head>
<body><script src="app.js"></script><script src="host.js"></script></body></html>`
