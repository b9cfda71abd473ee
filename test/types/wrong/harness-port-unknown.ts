import { of, operator } from '#src/api/index.js'
import { portHarness } from '#src/testing/index.js'

const Words = operator({
  receives: { word: of<string>() },
  emits: { length: of<number>() },
  on: { word: (word, ctx) => ctx.emit.length(word.length) },
})
const harness = await portHarness({ operator: Words, key: { word: (word) => word } })
harness.receive('wrod', 'exactly')
