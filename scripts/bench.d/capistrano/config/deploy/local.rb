server "localhost"
set :sshkit_backend, SSHKit::Backend::Local
