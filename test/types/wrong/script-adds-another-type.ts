import { scripted } from '#src/testing/index.js'

const clicks = scripted([{ userId: 'ann' }])
clicks.add({ userId: 'bob' }).add({ userID: 'cid' })
