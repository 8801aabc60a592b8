/** Serverless loads CommonJS only. */
module.exports = async () => {
  const { configurationForServerless } = await import('./src/for-serverless.ts')
  return configurationForServerless()
}
