import { of, operator } from '#src/api/index.js'
import { portHarness } from '#src/testing/index.js'

const Words = operator({
  receives: { word: of<string>(), number: of<number>() },
  emits: { length: of<number>() },
  on: { word: () => {}, number: () => {} },
})
await portHarness({ operator: Words, key: { word: (word) => word } })
