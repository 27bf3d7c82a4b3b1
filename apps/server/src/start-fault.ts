/**
 * Why the server could not start, for a person who can mend it: the setting first.
 * @returns undefined for what no setting explains
 */
export function startFault(
  error: unknown,
  { host, port, dataDir }: { host: string; port: number; dataDir: string },
): string | undefined {
  const {
    code = '',
    syscall = '',
    hostname = '',
    message = '',
  } = (error ?? {}) as { code?: string; syscall?: string; hostname?: string; message?: string }
  if (code === 'EADDRINUSE')
    return `PORT: ${port} is in use on ${host}; stop what listens there, or choose another, such as PORT=${port + 1}`
  if (syscall === 'getaddrinfo' && hostname === host)
    return `HOST: ${host} is not an address of this machine (${message})`
  if (syscall === 'listen') return `PORT: cannot listen on ${host}, port ${port} (${message})`
  if (message.includes('is in use by a running Fairgate'))
    return `DATA_DIR: ${dataDir} is in use; stop that server, or choose another folder (${message})`
  if (syscall === 'mkdir' || ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENOSPC'].includes(code))
    return `DATA_DIR: ${dataDir} is not a folder that can be written (${message})`
  if (['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ETIMEDOUT', '28P01', '28000', '3D000'].includes(code))
    return `DATABASE_URL: the database cannot be used (${message})`
  return undefined
}
