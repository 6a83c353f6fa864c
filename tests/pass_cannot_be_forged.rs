//! Code outside `shared` cannot make a Pass: each program in `compile_fail` tries one way and must not compile, with
//! the reason recorded beside it. `compile_pass` shows the one way that exists.

#[test]
fn code_that_forges_a_pass_does_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.pass("compile_pass/*.rs");
    cases.compile_fail("compile_fail/*.rs");
}
