import { hash, of, operator, topology } from '#src/api/index.js'

const Words = operator({
  receives: { word: of<string>() },
  emits: { length: of<number>() },
  on: { word: () => {} },
})

topology('wrong', (t) => {
  const [one, two] = [t.operator('one', Words), t.operator('two', Words)]
  t.connect(
    one.out.length,
    two.in.word,
    hash((word) => word),
  )
})
