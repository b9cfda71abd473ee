import { of, operator } from '#src/api/index.js'

operator({
  receives: { word: of<string>() },
  emits: { length: of<number>() },
  on: { word: async (word, ctx) => ctx.emit.length(word.length) },
})
