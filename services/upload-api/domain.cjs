/** Serverless loads CommonJS only. */
module.exports = async ({ resolveVariable }) => {
  const { domain } = await import('./src/domain/domain.ts')
  return domain(resolveVariable)
}
