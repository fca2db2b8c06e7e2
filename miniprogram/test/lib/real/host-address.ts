// Where the host of the compiled mini-program is served. WeChat sends its own origin or none; here a browser plays
// WeChat and sends this one, so gateways have to allow it.

import { freePort } from './program'

export const hostPort = await freePort()
export const hostOrigin = `http://127.0.0.1:${hostPort}`
