import { discard, of, operator, topology } from '#src/api/index.js'

const Words = operator({
  receives: { word: of<string>() },
  emits: { length: of<number>() },
  on: { word: () => {} },
})

topology('wrong', (t) => t.connect(t.operator('words', Words).out.lengths, t.sink('out', discard()).in))
