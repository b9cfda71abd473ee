import { hash, of, operator, topology } from '#src/api/index.js'

const Words = operator({
  receives: { word: of<string>() },
  emits: { word: of<string>() },
  on: { word: () => {} },
})

topology('wrong', (t) => {
  const [one, two] = [t.operator('one', Words), t.operator('two', Words)]
  t.connect(
    one.out.word,
    two.in.word,
    hash((word) => ({ word })),
  )
})
