import type { Cancel } from '../kit/clock.js'

/** What somebody at the keyboard, or whoever sends signals, wants of a running job. */
export type Order = 'crash-slot' | 'checkpoint' | 'stop' | 'interrupt' | 'terminate'

const KEYS: Readonly<Record<string, Order>> = {
  k: 'crash-slot',
  c: 'checkpoint',
  q: 'stop',
  '\u0003': 'interrupt',
}

/** What `key` asks for; undefined: nothing. */
export function orderOf(key: string): Order | undefined {
  return KEYS[key.toLowerCase()]
}

export interface Controls {
  /** Keys are read, too: there is somebody to tell of them. */
  readonly hasKeys: boolean
  listen(listener: (order: Order) => void): Cancel
}

/** Signals of this process and, at a terminal, its keys (`signals`: never). In raw mode Ctrl-C is a key. */
export function processControls(which: 'signals' | 'keys too' = 'keys too'): Controls {
  const { stdin } = process
  const hasKeys = which === 'keys too' && stdin.isTTY === true
  return {
    hasKeys,
    listen(listener) {
      const onKeys = (keys: Buffer) => {
        for (const key of keys.toString()) {
          const order = orderOf(key)
          if (order !== undefined) listener(order)
        }
      }
      const onInterrupt = () => listener('interrupt')
      const onTerminate = () => listener('terminate')
      process.on('SIGINT', onInterrupt)
      process.on('SIGTERM', onTerminate)
      if (hasKeys) stdin.setRawMode(true).on('data', onKeys).resume()
      return () => {
        process.off('SIGINT', onInterrupt)
        process.off('SIGTERM', onTerminate)
        if (hasKeys) stdin.off('data', onKeys).setRawMode(false).pause()
      }
    },
  }
}
