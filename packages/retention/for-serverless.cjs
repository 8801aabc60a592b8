/** Serverless loads CommonJS only. */
module.exports = async ({ resolveVariable }) => {
  const { retentionForServerless } = await import('./src/read-retention.ts')
  return retentionForServerless(resolveVariable)
}
