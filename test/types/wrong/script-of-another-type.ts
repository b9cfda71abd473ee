import { scripted } from '#src/testing/index.js'

scripted<{ userId: string }>([{ userId: 'ann' }, { userId: 7 }])
