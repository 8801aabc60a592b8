/** npm's names for Lambda's processors. */
const CPUS = { arm64: 'arm64', x86_64: 'x64' }

/**
 * A Serverless plugin: makes npm install native modules (sharp) for Lambda's processor instead of the machine that
 * packages. It sets npm's environment variables, because npm's flags would also install this machine's binaries.
 */
export default class InstallForLambda {
  constructor(serverless) {
    this.hooks = {
      'before:package:createDeploymentArtifacts': () => {
        const { architecture } = serverless.service.provider
        process.env.npm_config_os = 'linux'
        process.env.npm_config_cpu = CPUS[architecture]
        process.env.npm_config_libc = 'glibc'
        // Packages have their binaries with them. One that does not find this machine's would compile it.
        process.env.npm_config_ignore_scripts = 'true'
      },
    }
  }
}
