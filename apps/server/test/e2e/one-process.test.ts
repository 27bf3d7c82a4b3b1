import { endToEnd } from './suite.ts'
import { startOneProcess } from './world.ts'

endToEnd('all modules in one process', () => startOneProcess())
