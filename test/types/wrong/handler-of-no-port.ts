import { of, operator } from '#src/api/index.js'

operator({ receives: { word: of<string>() }, emits: {}, on: { word: () => {}, wrod: () => {} } })
