import { existsSync, writeFileSync } from 'node:fs'
import { customSink, job, of, type Params, type SinkContext, type SinkWriter } from 'retake'
import { type Numbered, numbers } from './numbers.js'

/** Its sink confirms nothing until there is a file `gate`; then it leaves a file `confirmed`. */
export default job('slow-to-confirm', (flow) => {
  const { count, gate, confirmed } = { ...(flow.params as Params) }
  const writer = (ctx: SinkContext): SinkWriter => ({
    open: async () => {},
    write: () => {},
    isReady: () => true,
    capture: () => ({ slice: () => true, upload: async () => ({}) }),
    onCheckpointComplete: () => {},
    drain: () =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!existsSync(gate ?? '')) return void ctx.clock.after(5, look)
          writeFileSync(confirmed ?? '', '')
          resolve()
        }
        look()
      }),
    close: async () => {},
  })
  flow.from('numbers', numbers({ count })).to('slow', customSink({ writer, takes: of<Numbered>() }))
})
