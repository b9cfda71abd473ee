import type { Actor } from '#src/actor/index.js'

export const counter: Actor<{ readonly type: 'add' }> = {
  async receive() {},
}
