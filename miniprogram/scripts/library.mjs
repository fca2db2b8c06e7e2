// Builds the client library as one plain ES file, for people who drop it into a project of their own:
//   npm run build:library
// The file lies in the native example, because a mini-program cannot import from outside its folder. The uni-app
// example imports it from there.

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild' // as vite brings it

const path = (name) => fileURLToPath(new URL(name, import.meta.url))

const banner = `// minirelay's client library: an MQTT 3.1.1 client for mini-programs and pages, with a gateway's devices on top of it.
// 微信、支付宝、抖音小程序和网页用的 MQTT 3.1.1 客户端，以及网关的设备。
// Built from miniprogram/src/minirelay by "npm run build:library"; do not edit. Its README explains its use.
// SPDX-License-Identifier: Apache-2.0
/* eslint-disable */`

/** The file's text. */
export async function library() {
  const { outputFiles } = await build({
    entryPoints: [path('../src/minirelay/index.ts')],
    absWorkingDir: path('..'), // the comments that name the sources do not depend on where the clone lies
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2017',
    charset: 'utf8',
    banner: { js: banner },
    tsconfigRaw: {},
  })
  return outputFiles[0].text
}

/** Where the file is committed. */
export const place = path('../../examples/native-wechat/minirelay.js')

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = await library()
  if (readFileSync(place, { encoding: 'utf8', flag: 'a+' }) !== text) writeFileSync(place, text)
}
