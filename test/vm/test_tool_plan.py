# SPDX-License-Identifier: Apache-2.0
"""What goes into an image, as `coracle run --dry-run --verbose` lists it: the closure as ld.so finds it,
arguments, profiles, scripts."""
import os
import re
import subprocess

import pytest

from tool import coracle, compile_c, environment


def plan(home, *args, env=None, cwd=None):
    """The guest's files: {path: host path or link target}, and the module's text."""
    r = coracle(home, "run", "-n", "-v", *args, env=env, cwd=cwd)
    assert r.returncode == 0, r.stderr
    files, rest = {}, []
    for line in r.stdout.splitlines():
        m = re.match(r"(/.*?)(?: -> (.*)| \((/.*)\))?$", line)
        if m and not rest and " -nodefaults " not in line:
            files[m[1]] = m[2] or m[3] or m[1]
        else:
            rest.append(line)
    return files, "\n".join(rest)


def has(files, path):
    """Present, links followed by name only."""
    return path in files or os.path.realpath(path) in files


def closure_by_ldd(path):
    out = subprocess.run(["ldd", path], capture_output=True, text=True, check=True, timeout=20).stdout
    return [w for line in out.splitlines() for w in line.split() if w.startswith("/")]


@pytest.mark.parametrize("program", ["/bin/true", "/usr/bin/perl", "/usr/bin/python3", "/usr/bin/openssl"])
def test_closure_is_ldds(tmp_path, program):
    if not os.path.exists(program):
        pytest.skip("not installed")
    files, _ = plan(tmp_path, program)
    for lib in closure_by_ldd(program):
        assert os.path.realpath(lib) in files, lib


def test_static_program_brings_no_library(tmp_path):
    compile_c(tmp_path / "p", "int main(void) { return 0; }", "-static")
    files, _ = plan(tmp_path, "./p")
    assert not [f for f in files if ".so" in f]
    assert str(tmp_path / "p") in files


def test_library_links_stay_links(tmp_path):
    compile_c(tmp_path / "liba.so.1.2", "int a(void) { return 1; }", "-shared", "-fPIC",
              "-Wl,-soname,liba.so.1")
    (tmp_path / "liba.so.1").symlink_to("liba.so.1.2")
    compile_c(tmp_path / "p", "int a(void); int main(void) { return a(); }", tmp_path / "liba.so.1.2",
              f"-Wl,-rpath,{tmp_path}")
    files, _ = plan(tmp_path, "./p")
    assert files[f"{tmp_path}/liba.so.1"] == "liba.so.1.2"
    assert f"{tmp_path}/liba.so.1.2" in files


@pytest.mark.parametrize("origin", ["$ORIGIN", "${ORIGIN}"])
@pytest.mark.parametrize("tags", ["--enable-new-dtags", "--disable-new-dtags"])
def test_origin(tmp_path, tags, origin):
    (tmp_path / "bin").mkdir()
    (tmp_path / "lib").mkdir()
    lib = compile_c(tmp_path / "lib/liba.so", "int a(void) { return 1; }", "-shared", "-fPIC",
                    "-Wl,-soname,liba.so")
    compile_c(tmp_path / "bin/p", "int a(void); int main(void) { return a(); }", lib,
              f"-Wl,-rpath,{origin}/../lib", f"-Wl,{tags}")
    (tmp_path / "link").symlink_to("bin/p")  # $ORIGIN is the real file's directory
    files, _ = plan(tmp_path, "./link")
    assert f"{tmp_path}/lib/liba.so" in files


def two_levels(tmp_path, tags):
    """p needs liba (by its own path), liba needs libb, which only p's path leads to."""
    b = compile_c(tmp_path / "libb.so", "int b(void) { return 1; }", "-shared", "-fPIC",
                  "-Wl,-soname,libb.so")
    a = compile_c(tmp_path / "liba.so", "int b(void); int a(void) { return b(); }", "-shared", "-fPIC",
                  "-Wl,-soname,liba.so", b)
    compile_c(tmp_path / "p", "int a(void); int main(void) { return a(); }", a, f"-Wl,{tags}",
              f"-Wl,-rpath,{tmp_path}", f"-Wl,-rpath-link,{tmp_path}")


def test_rpath_is_inherited(tmp_path):
    two_levels(tmp_path, "--disable-new-dtags")
    files, _ = plan(tmp_path, "./p")
    assert f"{tmp_path}/libb.so" in files
    assert subprocess.run([tmp_path / "p"], timeout=10, check=False).returncode == 1


def test_runpath_is_not_inherited(tmp_path):
    two_levels(tmp_path, "--enable-new-dtags")
    r = coracle(tmp_path, "run", "-n", "./p")
    assert r.returncode == 2 and "libb.so" in r.stderr
    assert subprocess.run([tmp_path / "p"], timeout=10, check=False,
                          stderr=subprocess.DEVNULL).returncode == 127


def test_runpath_sets_the_loaders_rpath_aside(tmp_path):
    """liba has a RUNPATH, so that the RPATH of p, which would find libb, does not count for it."""
    (tmp_path / "b").mkdir()
    b = compile_c(tmp_path / "b/libb.so", "int b(void) { return 1; }", "-shared", "-fPIC",
                  "-Wl,-soname,libb.so")
    a = compile_c(tmp_path / "liba.so", "int b(void); int a(void) { return b(); }", "-shared", "-fPIC",
                  "-Wl,-soname,liba.so", b, "-Wl,--enable-new-dtags", "-Wl,-rpath,/nowhere")
    compile_c(tmp_path / "p", "int a(void); int main(void) { return a(); }", a, "-Wl,--disable-new-dtags",
              f"-Wl,-rpath,{tmp_path}:{tmp_path}/b", f"-Wl,-rpath-link,{tmp_path}/b")
    r = coracle(tmp_path, "run", "-n", "./p")
    assert r.returncode == 2 and "libb.so" in r.stderr
    assert subprocess.run([tmp_path / "p"], timeout=10, check=False,
                          stderr=subprocess.DEVNULL).returncode == 127


def test_ld_library_path_is_not_looked_at(tmp_path):
    lib = compile_c(tmp_path / "liba.so", "int a(void) { return 1; }", "-shared", "-fPIC",
                    "-Wl,-soname,liba.so")
    compile_c(tmp_path / "p", "int a(void); int main(void) { return a(); }", lib)
    env = environment(tmp_path, LD_LIBRARY_PATH=str(tmp_path))
    assert coracle(tmp_path, "run", "-n", "./p", env=env).returncode == 2


def test_missing_library_given_by_file(tmp_path):
    lib = compile_c(tmp_path / "liba.so", "int a(void) { return 1; }", "-shared", "-fPIC",
                    "-Wl,-soname,liba.so")
    compile_c(tmp_path / "p", "int a(void); int main(void) { return a(); }", lib)
    files, _ = plan(tmp_path, "--file", f"{lib}:/usr/lib/liba.so", "./p")
    assert files["/usr/lib/liba.so"] == str(lib)


def test_musl(tmp_path):
    r = subprocess.run(["musl-gcc", "-x", "c", "-o", tmp_path / "p", "-"], text=True, check=False,
                       input="int main(void) { return 0; }", timeout=60)
    if r.returncode:
        pytest.skip("no musl-gcc")
    files, _ = plan(tmp_path, "./p")
    assert has(files, "/lib/ld-musl-x86_64.so.1")


def test_arguments_that_are_files(tmp_path):
    for name in ("in.txt", "opt.cfg", "a.list", "b.list"):
        (tmp_path / name).write_text("x")
    (tmp_path / "tree/sub").mkdir(parents=True)
    (tmp_path / "tree/sub/f").write_text("x")
    files, module = plan(tmp_path, "/bin/true", "in.txt", "--conf=opt.cfg", "a.list:b.list", "tree",
                         "no-file", "/dev/null", "/proc/self/maps")
    for name in ("in.txt", "opt.cfg", "a.list", "b.list", "tree/sub/f"):
        assert f"{tmp_path}/{name}" in files, name
    assert "/dev/null" not in files
    assert f'cwd:"{tmp_path}"' in module
    assert 'arguments:["/bin/true" "in.txt" "--conf=opt.cfg"' in module


def test_wide_directory_argument_is_not_added(tmp_path):
    r = coracle(tmp_path, "run", "-n", "-v", "/bin/true", "/usr")
    assert r.returncode == 0 and "/usr is a directory too wide" in r.stderr
    assert "/usr/bin/ls\n" not in r.stdout


def test_script_becomes_its_interpreter(tmp_path):
    (tmp_path / "s.py").write_text("#!/usr/bin/env -S python3 -u\nprint(1)\n")
    (tmp_path / "s.py").chmod(0o755)
    files, module = plan(tmp_path, "./s.py", "arg")
    assert 'program:"/usr/bin/python3"' in module
    assert 'arguments:["python3" "-u" "./s.py" "arg"]' in module
    assert f"{tmp_path}/s.py" in files


def test_shell_script_on_path_gives_way_to_a_program(tmp_path):
    """As pyenv's and rbenv's shims do."""
    shims = tmp_path / "shims"
    shims.mkdir()
    (shims / "true").write_text("#!/usr/bin/env bash\nexec /bin/true\n")
    (shims / "true").chmod(0o755)
    env = environment(tmp_path, PATH=f"{shims}:/usr/bin:/bin")
    _, module = plan(tmp_path, "true", env=env)
    assert 'program:"/usr/bin/true"' in module


def test_python_has_its_library(tmp_path):
    (tmp_path / "app.py").write_text("import helper, pkg.mod\n")
    (tmp_path / "helper.py").write_text("")
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg/__init__.py").write_text("")
    (tmp_path / "pkg/mod.py").write_text("")
    files, module = plan(tmp_path, "/usr/bin/python3", "app.py")
    stdlib = "/usr/lib/python3.11/"
    assert f"{stdlib}json/__init__.py" in files
    assert any(f.startswith(f"{stdlib}json/__pycache__/__init__") for f in files)
    assert any(f.startswith(f"{stdlib}lib-dynload/_sqlite3") for f in files)
    assert has(files, "/usr/lib/x86_64-linux-gnu/libsqlite3.so.0")
    assert f"{tmp_path}/helper.py" in files and f"{tmp_path}/pkg/mod.py" in files
    assert not [f for f in files if "/test/" in f and f.startswith(stdlib)]
    assert not [f for f in files if "dist-packages" in f]
    assert "PYTHONDONTWRITEBYTECODE" in module


def test_dist_packages_only_when_imported(tmp_path):
    names = os.listdir("/usr/lib/python3/dist-packages")
    module = next((n for n in sorted(names) if n.isidentifier() and n != "__pycache__"), None)
    if not module:
        pytest.skip("no package there")
    (tmp_path / "app.py").write_text(f"import {module}\n")
    files, _ = plan(tmp_path, "/usr/bin/python3", "app.py")
    assert [f for f in files if f.startswith("/usr/lib/python3/dist-packages/")]


def test_user_profile_replaces_ours(tmp_path):
    (tmp_path / "extra").write_text("x")
    d = tmp_path / "config/coracle/profiles"
    d.mkdir(parents=True)
    (d / "base.manifest").write_text(f'(programs:["*"] files:["{tmp_path}/extra"])')
    files, _ = plan(tmp_path, "/bin/true")
    assert f"{tmp_path}/extra" in files and "/etc/passwd" not in files
    files, _ = plan(tmp_path, "--no-profiles", "/bin/true")
    assert f"{tmp_path}/extra" not in files


def test_environment(tmp_path):
    (tmp_path / "env").write_text("# comment\nA=1\nB=two words\n\nHOSTVAR\n")
    env = environment(tmp_path, HOSTVAR="h", SECRET="s")
    _, module = plan(tmp_path, "--env-file", "env", "-e", "A=2", "-e", 'Q=say "hi" \\', "/bin/true",
                     env=env)
    assert 'A:"2"' in module and 'B:"two words"' in module and 'HOSTVAR:"h"' in module
    assert r'Q:"say \"hi\" \\"' in module
    assert "SECRET" not in module


def test_manifest_merges(tmp_path):
    (tmp_path / "data").write_text("x")
    (tmp_path / "m").write_text(
        "(children:(etc:(children:(my.conf:(contents:(host:data))))) environment:(A:1 B:2) cwd:/etc)")
    files, module = plan(tmp_path, "--manifest", "m", "-e", "B=3", "/bin/true")
    assert files["/etc/my.conf"] == f"{tmp_path}/data"
    assert 'A:"1"' in module and 'B:"3"' in module and 'cwd:"/etc"' in module


def test_root_tree(tmp_path):
    root = tmp_path / "root"
    (root / "usr/bin").mkdir(parents=True)
    (root / "bin").symlink_to("usr/bin")
    compile_c(root / "usr/bin/p", "int main(void) { return 0; }", "-static")
    (root / "etc").mkdir()
    (root / "etc/x").write_text("x")
    files, module = plan(tmp_path, "--root", root, "p")
    assert files["/etc/x"] == f"{root}/etc/x"
    assert files["/bin"] == "usr/bin"
    assert 'program:"/usr/bin/p"' in module and 'cwd:"/"' in module
    assert "/etc/passwd" not in files


def test_dry_run_prints_what_would_run(tmp_path):
    r = coracle(tmp_path, "run", "-n", "-m", "64M", "-c", "2", "-p", "127.0.0.1:18080:80", "--volume",
                "v:/data", "/bin/true")
    line = r.stdout.splitlines()[0]
    assert "-accel tcg" in line and "microvm" in line and "size=65536k" in line and "-smp 2" in line
    assert "hostfwd=tcp:127.0.0.1:18080-:80" in line
    assert 'mounts:(v:"/data")' in r.stdout
    assert not (tmp_path / "data").exists() and not (tmp_path / "cache").exists()


def test_profile_ensures_arguments(tmp_path):
    d = tmp_path / "config/coracle/profiles"
    d.mkdir(parents=True)
    (d / "mine.manifest").write_text(
        '(programs:["true"] arguments:[(option:"-f") (option:"-g" has:"a" add:"a on;") (option:"-u" add:root)])')
    _, module = plan(tmp_path, "/bin/true")
    assert 'arguments:["/bin/true" "-f" "-g" "a on;" "-u" "root"]' in module
    _, module = plan(tmp_path, "/bin/true", "-g", "b;", "-u", "me", "-f")
    assert 'arguments:["/bin/true" "-g" "b; a on;" "-u" "me" "-f"]' in module
    _, module = plan(tmp_path, "/bin/true", "-f", "-g", "a off;", "-u", "me")
    assert 'arguments:["/bin/true" "-f" "-g" "a off;" "-u" "me"]' in module
