// What the library needs of a platform: a WebSocket, and events about the foreground and the network.

/** What happens to a socket. `ended` comes exactly once, and nothing after it. */
export interface SocketEvents {
  opened(): void
  message(data: ArrayBuffer | string): void
  /** detail: the platform's own words, for people who search for them. */
  ended(detail: string): void
}

export interface Socket {
  /** data is sent whole: it has exactly the length of the message. */
  send(data: ArrayBuffer): void
  /** Ends the socket, also one that has not opened yet. It does not wait for the end. */
  close(): void
}

/** What the platform says about the life of the program. */
export interface Life {
  hide(): void
  show(): void
  network(connected: boolean): void
}

export interface SocketAdapter {
  /** Opens a WebSocket. timeout: milliseconds after which the platform itself should give up. */
  open(url: string, protocols: string[], timeout: number, events: SocketEvents): Socket
  /** Watches the platform until the function that it gives back is called. */
  watch?(life: Life): () => void
}

/** Passes events on until the socket has ended. */
export class Once implements SocketEvents {
  private over = false

  constructor(private readonly events: SocketEvents) {}

  opened(): void {
    if (!this.over) this.events.opened()
  }

  message(data: ArrayBuffer | string): void {
    if (!this.over) this.events.message(data)
  }

  ended(detail: string): void {
    if (this.over) return
    this.over = true
    this.events.ended(detail)
  }
}
