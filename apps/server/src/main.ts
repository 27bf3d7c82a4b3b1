import cluster from 'node:cluster'
import { run } from './run.ts'
import { work } from './workers.ts'

await (cluster.isWorker ? work(process.env) : run(process.env))
