//! OpenSSH servers on loopback, each a station of its own: one folder, one configuration, one command that every
//! connection runs. And a connection that is cut after so many bytes.
//!
//! Needs `sshd`, `ssh` and `ssh-keygen`. It touches nobody's own ssh configuration.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::programs::{path, program, repository, run};

/// Where `sshd` lies on Debian; it has to be started by its whole path.
const SSHD: &str = "/usr/sbin/sshd";

/// Two signing keys, signed bundles, keys to log in with, and an `ssh` that knows the hosts of this test only.
pub struct Hall {
    folder: tempfile::TempDir,
}

impl Hall {
    pub fn new() -> Self {
        let hall = Self { folder: tempfile::tempdir().unwrap() };
        hall.write("passphrase", "correct horse battery\n");
        for name in ["host", "other_host", "login", "other_login"] {
            done(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(hall.path(name)));
        }
        for name in ["signing", "other"] {
            hall.trainer(&["bundle", "keygen", "--out", path(&hall.path(name)), "--passphrase-file"]);
        }
        let unsigned = repository().join("models/default/station.bundle");
        for release in ["1", "2"] {
            hall.sign(path(&unsigned), &format!("{release}.bundle"), &["--release", release]);
        }
        // The privilege separation folder, which the service of Debian makes at its start.
        let _ = fs::create_dir_all("/run/sshd");
        hall.write(
            "ssh_config",
            &format!(
                "Host *\n  UserKnownHostsFile {}\n  GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n  \
             IdentityAgent none\n  CheckHostIP no\n",
                hall.path("known_hosts").display()
            ),
        );
        hall.write("known_hosts", "");
        hall.script("ssh", &format!("exec ssh -F '{}' \"$@\"", hall.path("ssh_config").display()));
        hall
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Writes a program of the shell.
    pub fn script(&self, name: &str, text: &str) {
        self.write(name, &format!("#!/bin/sh\n{text}\n"));
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Signs the bundle `from` with the signing key.
    pub fn sign(&self, from: &str, to: &str, more: &[&str]) {
        let (from, key, to) = (self.path(from), self.path("signing"), self.path(to));
        let sign = ["bundle", "sign", path(&from), "--key", path(&key), "--out", path(&to)];
        self.trainer(&[&sign[..], more, &["--passphrase-file"]].concat());
    }

    fn trainer(&self, arguments: &[&str]) {
        let output = run("host-trainer", &[arguments, &[path(&self.path("passphrase"))]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Has `ssh` know the host at this port by the key in `name`.
    pub fn know(&self, port: u16, name: &str) {
        let key = fs::read_to_string(self.path(&format!("{name}.pub"))).unwrap();
        let mut known = fs::OpenOptions::new().append(true).open(self.path("known_hosts")).unwrap();
        writeln!(known, "[127.0.0.1]:{port} {}", key.trim()).unwrap();
    }

    /// A station with this name, whose configuration trusts the signing key; its host key is known.
    pub fn station(&self, name: &str) -> Station {
        self.station_that(name, "exec sh -c \"$SSH_ORIGINAL_COMMAND\"", "")
    }

    /// One where every connection runs `command`, in the station's folder, with the built programs on the path; `key`
    /// goes before the key in `authorized_keys`.
    pub fn station_that(&self, name: &str, command: &str, key: &str) -> Station {
        let folder = self.path(name);
        fs::create_dir(&folder).unwrap();
        self.configure(&format!("{name}/station.toml"), "signing", "");
        let programs = program("edge-runtime").parent().unwrap().to_owned();
        self.script(
            &format!("{name}/session"),
            &format!("cd '{}' || exit 1\nPATH='{}':$PATH\n{command}", folder.display(), programs.display()),
        );
        let login = fs::read_to_string(self.path("login.pub")).unwrap();
        self.write(&format!("{name}/authorized_keys"), &format!("{key} {login}"));
        // A forced command would hide the key's own.
        let forced = if key.is_empty() { format!("ForceCommand {}/session", folder.display()) } else { String::new() };
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            self.write(&format!("{name}/sshd_config"), &format!(
                "ListenAddress 127.0.0.1\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\n\
                 PidFile none\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n{forced}\n",
                self.path("host").display(),
                folder.join("authorized_keys").display()
            ));
            let log = fs::File::create(folder.join("sshd.log")).unwrap();
            let config = folder.join("sshd_config");
            let server = Command::new(SSHD).args(["-D", "-e", "-f"]).arg(config).stderr(log).spawn();
            let mut station = Station { folder: folder.clone(), port, server: server.expect("sshd is installed") };
            if station.answers() {
                self.know(port, "host");
                return station;
            }
        }
        panic!("{}", fs::read_to_string(folder.join("sshd.log")).unwrap());
    }

    /// Writes a station's configuration, which trusts the key.
    pub fn configure(&self, file: &str, key: &str, trust: &str) {
        let folder = self.path(file).parent().unwrap().to_owned();
        self.write(
            file,
            &format!(
                "state_dir = {:?}\nruntime_dir = {:?}\n[trust]\nkeys = [{:?}]\n{trust}\n[preflight]\nseconds = 60\n\
             [camera]\nsource = \"pipe\"\nformat = \"gray8\"\nwidth = 256\nheight = 256\n",
                folder.join("state"),
                folder.join("run"),
                self.path(&format!("{key}.pub"))
            ),
        );
    }

    /// `host-trainer flash --json` with a bundle of the hall: the exit code and the objects.
    pub fn flash(&self, bundle: &str, ports: &[u16], more: &[&str]) -> (Option<i32>, Vec<Value>) {
        let output = self.flash_output(bundle, ports, &[&["--json"], more].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        let objects = text.lines().map(|line| serde_json::from_str(line).unwrap());
        (output.status.code(), objects.collect())
    }

    pub fn flash_output(&self, bundle: &str, ports: &[u16], more: &[&str]) -> Output {
        let mut command = Command::new(program("host-trainer"));
        command.arg("flash").arg(self.path(bundle)).arg("--ssh").arg(self.path("ssh"));
        command.arg("--identity").arg(self.path("login"));
        for port in ports {
            command.arg(format!("--to={}@127.0.0.1:{port}", user()));
        }
        if !more.iter().any(|option| option.starts_with("--config")) {
            command.args(["--config", "station.toml"]);
        }
        command.args(more).stdin(Stdio::null()).output().unwrap()
    }
}

/// One server, and the folder of its station.
pub struct Station {
    pub folder: PathBuf,
    pub port: u16,
    server: Child,
}

impl Station {
    fn answers(&mut self) -> bool {
        for _ in 0..200 {
            if self.server.try_wait().unwrap().is_some() {
                return false;
            }
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return true;
            }
            thread::sleep(Duration::from_millis(25));
        }
        false
    }

    /// `edge-runtime` on the station, without ssh; none if it fails.
    pub fn here(&self, command: &str) -> Option<Value> {
        let config = self.folder.join("station.toml");
        let output = run("edge-runtime", &[command, "--config", path(&config), "--json"]);
        output.status.success().then(|| serde_json::from_slice(&output.stdout).unwrap())
    }

    /// The active bundle.
    pub fn active(&self) -> Option<String> {
        self.here("store").map(|store| store["active"].as_str().unwrap().to_owned())
    }

    /// Whether no half of a bundle is left, as soon as the station has noticed the end of the connection.
    pub fn is_clean(&self) -> bool {
        let inbox = self.folder.join("state/store/inbox");
        let clean = || fs::read_dir(&inbox).map_or(true, |mut entries| entries.next().is_none());
        (0..200).any(|_| {
            clean() || {
                thread::sleep(Duration::from_millis(50));
                false
            }
        })
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Passes connections on to `port`, and cuts each after `bytes` bytes to the server. Returns its own port.
pub fn cut_after(port: u16, bytes: usize) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (Ok(mut client), Ok(mut server)) = (client, TcpStream::connect(("127.0.0.1", port))) else { return };
            let (mut back, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut back, &mut to));
            thread::spawn(move || {
                // An error of either side ends it as well.
                let _ = std::io::copy(&mut Read::by_ref(&mut client).take(bytes as u64), &mut server);
                let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
            });
        }
    });
    own
}

/// Who runs the test, and so who logs in.
pub fn user() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A port where nothing listens.
pub fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn done(command: &mut Command) {
    let output = command.output().expect("OpenSSH is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Every file below a folder, with its bytes.
pub fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push((path.clone(), fs::read(path).unwrap())) }
        }
    }
    found.sort();
    found
}
