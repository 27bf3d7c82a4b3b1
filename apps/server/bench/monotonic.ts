/** A clock in milliseconds that all processes of a machine share. */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000
